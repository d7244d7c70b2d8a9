"""How it is served: routes, the handler factory, parameters, the response contract, problems, pages."""
