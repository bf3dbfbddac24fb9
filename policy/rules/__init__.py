"""The rules, each a pure function of what is planned and what is known; `catalogue.py` names them."""
