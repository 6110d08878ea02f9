# The image of cutover: `docker build -t cutover .`; see docs/docker.md.
FROM node:22.20-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build

FROM node:22.20-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:22.20-slim
ENV NODE_ENV=production
WORKDIR /opt/cutover
COPY --from=dependencies /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE CHANGELOG.md ./
COPY schema schema
COPY templates templates
COPY fixtures fixtures
# The project that docker-compose.yml runs; mount your own folder over it.
COPY --chown=node:node templates/medallion/sql /project/sql
COPY --chown=node:node templates/medallion/postgres/sql /project/sql
COPY --chown=node:node templates/medallion/kafka/sql /project/sql
COPY --chown=node:node docker/medallion /project
RUN ln -s /opt/cutover/dist/cli/main.js /usr/local/bin/cutover && chown node:node /project
USER node
WORKDIR /project
ENTRYPOINT ["cutover"]
CMD ["--help"]
