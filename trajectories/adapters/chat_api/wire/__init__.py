"""One exchange with an endpoint: settings, the client, and what comes back."""
