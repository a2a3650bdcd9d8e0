# The digest is the image's index for every platform, as public Dockerfiles pinned it on 2026-10-06. To move on, take the tag's
# digest from `docker buildx imagetools inspect node:24-bookworm-slim`. (Docker 23 or newer, buildah and podman build this file.)
ARG NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20

FROM ${NODE_IMAGE} AS sources
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

# The secret is optional: an .npmrc for a registry or a certificate of one's own, which leaves no trace in the image.
FROM sources AS build
RUN --mount=type=secret,id=npmrc NPM_CONFIG_USERCONFIG=/run/secrets/npmrc npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && rm dist/.tsbuildinfo dist/.stamp

# The optional dependency is SQLite for a Node.js older than 24.
FROM sources AS dependencies
RUN --mount=type=secret,id=npmrc NPM_CONFIG_USERCONFIG=/run/secrets/npmrc \
    npm ci --ignore-scripts --omit=dev --omit=optional && rm node_modules/.package-lock.json

FROM ${NODE_IMAGE}
# Only Node.js itself is needed to run. A relative sqlite:./data/tasks.db means the volume as well.
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /usr/local/share/doc /usr/local/share/man /opt/yarn-v* ~/.npm \
        /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && mkdir -p /app /data && chown 1000:1000 /data && chmod 750 /data && ln -s /data /app/data
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json openapi.json LICENSE ./

ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 DATABASE_URL=sqlite:/data/tasks.db
EXPOSE 8000
VOLUME /data
USER 1000:1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["node", "-e", \
    "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/livez`, { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/cli.js"]

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="task-manager-api" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}"
