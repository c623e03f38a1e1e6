"""Multiclass classification: how little probability, or lead, did the right class get?"""
