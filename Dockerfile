# syntax=docker/dockerfile:1

FROM rust:1.94-slim-bookworm AS build
WORKDIR /src
COPY . .
# What `roster version` says, since git is not copied.
ARG BUILD_COMMIT=
ARG BUILD_DATE=
# The caches outlive the layer, so the binary is copied out of them. The empty directory is for data.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --features otlp,man --bin roster \
    && cp target/release/roster /usr/local/bin/roster \
    && mkdir /empty

FROM debian:bookworm-slim
# Certificates are for key sets that are fetched over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/bin/roster /usr/local/bin/roster
COPY --from=build --chown=10001:10001 /empty /var/lib/roster

# A container's loopback is its own: gRPC and REST listen on every address, metrics do not.
ENV ROSTER_GRPC=0.0.0.0:50051 \
    ROSTER_REST=0.0.0.0:8080
USER 10001:10001
# Unless told otherwise the server keeps its data where it stands, in roster.db.
WORKDIR /var/lib/roster
VOLUME /var/lib/roster
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["roster", "healthcheck"]
ENTRYPOINT ["roster"]
CMD ["serve"]
