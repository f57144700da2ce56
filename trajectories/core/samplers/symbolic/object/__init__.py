"""Operations of the object view: cut a grid into objects, choose, measure, move and draw them."""
