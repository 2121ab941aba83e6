"""The HTTP service of trained models: the routes of text-embeddings-inference and of the Hugging Face inference API.

::

    command  ->  server (uvicorn, protocol)  ->  app (routes)  ->  batching (one queue, one inference thread)
                                                  requests, responses, metrics, openapi, page.html
"""
