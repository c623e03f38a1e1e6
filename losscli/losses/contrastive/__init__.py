"""Contrastive losses: within a group of embeddings, are like ones close and unlike ones far?"""
