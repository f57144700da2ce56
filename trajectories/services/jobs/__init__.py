"""Background work as such: the bells that ask for it, and the signs of life of those who do it."""
