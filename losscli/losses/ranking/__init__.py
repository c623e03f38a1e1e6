"""Ranking: is the better item of a pair or of a list ahead, by enough, and near the top?"""
