"""How people reach it: pages, forms and charts over HTTP."""
