# syntax=docker/dockerfile:1

FROM rust:1.94-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches outlive the layer, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin roster \
    && cp target/release/roster /usr/local/bin/roster

FROM debian:bookworm-slim
# Certificates are for key sets that are fetched over https.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=10001 --group=10001 /var/lib/roster
COPY --from=build /usr/local/bin/roster /usr/local/bin/roster

# A container's loopback is its own: gRPC and REST listen on every address, metrics do not.
ENV ROSTER_GRPC=0.0.0.0:50051 \
    ROSTER_REST=0.0.0.0:8080 \
    ROSTER_DATABASE=sqlite:/var/lib/roster/roster.db
USER 10001:10001
VOLUME /var/lib/roster
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["roster", "healthcheck"]
ENTRYPOINT ["roster"]
CMD ["serve"]
