# The images of byoai, a target each: `orchestrator`, and `agent`. `npm run images` builds both.
# It builds with the classic builder as well as with BuildKit: no mounts in RUN, no heredocs, no modes in COPY.

# What both programs are made with. Node comes as an optional package, too, which would not be needed here; but so does
# the binary of the bundler, so none are left out. Nothing of this stage gets into an image but the programs.
FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsdown.config.ts ./
COPY source source
COPY agent agent
RUN npm run build
COPY bin bin
COPY workflows workflows
# A checkout may keep its files from others; the programs run as a user of their own.
RUN chmod -R a+rX bin dist workflows package.json

# What both images have: a user without rights, curl for the health check and for registering by hand, certificates for https, and
# as process 1 one that hands signals on and reaps what commands leave behind. Commands run in the user's home: the sticky bit
# lets a container that is given another user write there, too.
FROM node:26-bookworm-slim AS base
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates curl tini \
	&& apt-get clean && rm -rf /var/lib/apt/lists/* \
	&& groupadd --gid 10001 byoai \
	&& useradd --uid 10001 --gid byoai --create-home --shell /bin/sh byoai \
	&& chmod 1777 /home/byoai
ENV HOME=/home/byoai
WORKDIR /home/byoai

# One file, whose commands run as this user and where this image has them. Other images need the same: Node, and agent.js.
FROM base AS agent
COPY --from=build /build/dist/agent.js /app/agent.js
ENV AGENT_HOST=0.0.0.0
# By number, so that it can be seen from outside that this is not root.
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
	CMD curl --fail --silent --show-error --output /dev/null "http://127.0.0.1:${AGENT_API_PORT:-5000}/health"
ENTRYPOINT ["tini", "-s", "--", "node", "/app/agent.js"]

# It listens on loopback unless BYOAI_HOST says otherwise, and beyond that not without a token: the same as everywhere.
FROM base AS orchestrator
COPY --from=build /build/package.json /opt/byoai/package.json
COPY --from=build /build/bin /opt/byoai/bin
COPY --from=build /build/dist /opt/byoai/dist
COPY --from=build /build/workflows /app/workflows
# A volume that is mounted on the state directory for the first time gets its owner.
RUN ln -s /opt/byoai/bin/byoai.cjs /usr/local/bin/byoai && install --directory --owner=byoai --group=byoai --mode=700 /var/lib/byoai
ENV BYOAI_STATE_DIR=/var/lib/byoai WORKFLOW_DIR=/app/workflows
USER 10001:10001
EXPOSE 5001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
	CMD curl --fail --silent --show-error --output /dev/null "http://127.0.0.1:${AGENT_MANAGER_API_PORT:-5001}/health" \
		|| curl --fail --silent --show-error --insecure --output /dev/null "https://127.0.0.1:${AGENT_MANAGER_API_PORT:-5001}/health"
ENTRYPOINT ["tini", "-s", "--", "byoai"]
CMD ["agent-manager-mode", "--no-tui"]
