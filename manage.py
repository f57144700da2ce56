#!/usr/bin/env python
"""The command `minicolumn` in a checkout."""

from minicolumn.command import main

if __name__ == "__main__":
    main()
