"""Segmentation: how well do predicted and true regions overlap?

All are losses of a set: of all images at once, or (reduction ``mean``) of each image by itself.
"""
