"""Operations on whole grids: grid in, grid out."""
