"""Several samples of a problem: counted, chosen among, and what any number of them would have scored."""
