"""What runs in the environment of `make training`: modules that import torch and nothing of the product."""
