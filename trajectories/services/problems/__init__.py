"""Problems: from files and families to rows, each checked before it is let in."""
