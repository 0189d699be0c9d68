"""The shape of POST /v1/chat/completions, and of what its clients add to it, for pydantic to check.

Follows openai/types/chat/completion_create_params.py (openai 3.54). Every shape lets unknown fields through, so that
the reader can note them, and is strict: a number in a string is no number, a bool is no int.
"""
