"""The pipeline that makes openapi.yaml, on a specification in small and, where there is one, on the real one."""
