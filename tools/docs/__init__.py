"""The documentation site: pages of the repository as pages of the site, and references generated from the code.

`hook` is what MkDocs loads (see `mkdocs.yml`). It imports the other modules here, which need no MkDocs: `pages` maps
files to pages and links; `commands`, `exits` and `names` write the references. To add a reference, add its function to
`generated.BLOCKS` and put its marker, `<!-- generated: NAME -->`, on a page.
"""
