"""A delivery's files go in; typed tables leave, rejected rows beside them; unreadable files are refused."""
