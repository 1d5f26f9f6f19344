# Both daemons: docker build --target exporter . and docker build --target receiver .
# BASE is any Debian 12 image. Neither runs as root. Configuration goes to /etc/backstay; it, and the
# files with secrets, must be readable by the user 9878.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/setup scripts/
RUN scripts/setup --build
COPY CMakeLists.txt CMakePresets.json ./
COPY scripts/build scripts/
COPY base base
COPY exporter exporter
COPY receiver receiver
COPY examples examples
RUN scripts/build && cmake --install build --strip --prefix /opt/backstay

# What both need to run, and curl for the health check.
FROM ${BASE} AS runtime
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends ca-certificates curl libcurl4 libfmt9 libpq5 \
      libprometheus-cpp-core1.0 libsimdjson14 libspdlog1.10 libssl3 libyaml-cpp0.7 \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 9878 --home-dir /var/lib/backstay --create-home --shell /usr/sbin/nologin backstay

FROM runtime AS exporter
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends libcivetweb1 libdeflate0 zlib1g \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/backstay/bin/backstay-exporter /usr/local/bin/
COPY --from=build /opt/backstay/share /usr/local/share
# state_dir: /var/lib/backstay
USER backstay
VOLUME ["/var/lib/backstay"]
EXPOSE 9878
HEALTHCHECK --interval=15s --timeout=3s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:9878/health/live"]
ENTRYPOINT ["backstay-exporter", "--web.listen-address=0.0.0.0:9878"]
CMD ["--config.file=/etc/backstay/exporter.yml"]

# pg_dump must not be older than the server: for another one, install its client in an image of your own
# and name its folder in database.bin_dir. The commands of the deploy driver go there too.
FROM runtime AS receiver
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends libcpp-httplib0.11 libsqlite3-0 postgresql-client-15 \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && install -d -o backstay -m 700 /var/backups/backstay
COPY --from=build /opt/backstay/bin/backstay-receiver /opt/backstay/bin/backstay /usr/local/bin/
USER backstay
VOLUME ["/var/lib/backstay", "/var/backups/backstay"]
EXPOSE 9879
HEALTHCHECK --interval=15s --timeout=3s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:9879/-/ready"]
ENTRYPOINT ["backstay-receiver", "--web.listen-address=0.0.0.0:9879"]
CMD ["--config.file=/etc/backstay/receiver.yml"]
