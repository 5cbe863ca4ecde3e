"""nginx: TLS in front of Courant's pages, as docs/operations.md asks for."""

from ground import wait_for_port


def start(ground, certificates, fronts):
    """`fronts` is pairs of the port with TLS and the port of the pages behind it."""
    folder = ground.path("nginx")
    servers = "".join(
        f"""
  server {{
    listen 127.0.0.1:{front} ssl;
    ssl_certificate {certificates.cert};
    ssl_certificate_key {certificates.key};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}"""
        for front, behind in fronts
    )
    config = folder / "nginx.conf"
    config.write_text(f"""
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {ground.path("log")}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{servers}
}}
""")
    process = ground.start("nginx", ["nginx", "-c", config, "-p", folder])
    wait_for_port("nginx", fronts[0][0], process)
