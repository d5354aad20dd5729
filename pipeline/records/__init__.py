"""What was delivered goes in; a spine of people leaves, if every source holds and every id is one person's."""
