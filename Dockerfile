# syntax=docker/dockerfile:1
# The server alone; docker-compose.yml adds MongoDB and Redis.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node bin/wardgate.mjs build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production LOG_FORMAT=json DATA_DIR=/data CACHE_DIR=/data/cache
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/package.json /app/LICENSE /app/THIRD-PARTY-NOTICES ./
# the definitions, read from where they are committed
COPY --from=build /app/src/fhir/definitions/generated src/fhir/definitions/generated
COPY --from=build /app/profiles profiles
COPY --from=build /app/seed seed
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/cli/index.js", "start"]
