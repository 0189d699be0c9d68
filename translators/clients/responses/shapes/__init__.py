"""The shape of POST /v1/responses, for pydantic to check.

Follows openai/types/responses/response_create_params.py and response_input_item_param.py (openai 3.54), and lets
unknown fields through, as the shapes of a chat do.
"""
