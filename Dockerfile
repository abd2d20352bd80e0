# The Rostrum server. Build it with: docker build -t rostrum .
# docker-compose.yml runs it with PostgreSQL, Redis and development certificates.

FROM node:26-slim AS manifests
WORKDIR /rostrum
COPY package.json package-lock.json ./
COPY server/package.json server/
COPY clients/typescript/package.json clients/typescript/
COPY clients/cli/package.json clients/cli/

# Everything, to build with. No install script is needed: the image's own Node runs here.
FROM manifests AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.base.json ./
COPY server/tsconfig.json server/
COPY server/src server/src
RUN node node_modules/typescript/bin/tsc -b server

# Makes development certificates; see the service "certificates" of docker-compose.yml.
FROM build AS certificates
COPY certs certs
CMD ["node", "certs/generate.ts"]

# Only what the server needs while it runs.
FROM manifests AS packages
RUN npm ci --workspace=server --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:26-slim AS server
ENV NODE_ENV=production \
    ROSTRUM_ADDRESS=0.0.0.0:50051 \
    ROSTRUM_TLS_CA=/certs/ca.crt \
    ROSTRUM_TLS_CERT=/certs/server.crt \
    ROSTRUM_TLS_KEY=/certs/server.key
WORKDIR /rostrum
COPY --from=packages /rostrum ./
COPY --from=build /rostrum/server/dist server/dist
# The build reads its SQL, Lua and descriptors from the sources beside it.
COPY server/src server/src
COPY scripts/health-check.mjs scripts/
USER node
EXPOSE 50051
# SIGTERM: open calls finish first.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "scripts/health-check.mjs"]
CMD ["node", "--max-semi-space-size=64", "--no-allocation-site-pretenuring", "server/dist/main.js"]
