"""The routes, one module a part of the site. Each finds, judges, acts and answers; what it decides lies elsewhere."""
