"""Robustness: would the conclusion survive other honest choices?"""
