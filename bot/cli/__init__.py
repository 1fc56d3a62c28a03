"""The commands of `bot`, a module for each family; `given` and `printing` serve them all."""
