"""What is packed into a package for another machine beside the data; it is not run here."""
