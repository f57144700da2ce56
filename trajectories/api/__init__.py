"""The API for programs, under /api/v1: what a person does on pages, a program does here, by the same services.

`faults` says what is wrong (RFC 9457), `auth` who asks and what the token may do, `doors` puts operations, their
answers and their documentation together, `shapes` is what goes in. Every other module holds the
operations of one concept.
"""
