# godwit, and the two peers of the compose fabric. Targets: godwit (default), bird, gobgp.
#   docker build -t godwit .      docker build --target bird -t godwit-bird .

FROM node:24-bookworm AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build \
 && npm run build:native \
 && cc -O2 -Wall -o build/ipip-standin tools/ipip-standin/ipip-standin.c \
 && npm prune --omit=dev

FROM debian:bookworm-slim AS bird
RUN apt-get update \
 && apt-get install -y --no-install-recommends bird2 iproute2 \
 && rm -rf /var/lib/apt/lists/*
COPY config/compose/tor-bird.conf /etc/bird/bird.conf
CMD ["bird", "-f", "-c", "/etc/bird/bird.conf", "-s", "/run/bird.ctl"]

FROM debian:bookworm-slim AS gobgp
RUN apt-get update \
 && apt-get install -y --no-install-recommends gobgpd iproute2 \
 && rm -rf /var/lib/apt/lists/*
COPY config/compose/outside-gobgp.toml /etc/gobgp.toml
COPY --chmod=0755 config/compose/outside.sh /usr/local/bin/outside
CMD ["outside"]

FROM node:24-bookworm-slim AS godwit
RUN apt-get update \
 && apt-get install -y --no-install-recommends iproute2 iputils-ping tcpdump \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/godwit
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY --from=build /src/proto ./proto
COPY --from=build /src/build/godwit_native.node ./build/
COPY --from=build /src/build/ipip-standin /usr/local/bin/ipip-standin
ENV GODWIT_NATIVE=/opt/godwit/build/godwit_native.node
COPY --from=build /src/bin ./bin
RUN ln -s /opt/godwit/bin/godwitd /opt/godwit/bin/godwit /usr/local/bin/
COPY --chmod=0755 config/compose/node.sh /usr/local/bin/fabric-node
COPY config/compose/godwit.yaml /etc/godwit/godwit.yaml
# Real use: mount /etc/godwit, and run on the host's network with NET_ADMIN and NET_RAW.
CMD ["godwitd", "--config", "/etc/godwit/godwit.yaml"]
