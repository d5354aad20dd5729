"""Release objects go in, nothing else; a folder of files leaves, whole or not at all."""
