# godwit, and what the compose and containerlab fabrics need beside it. Targets:
#   godwit (default)  the daemon and its command line, not as root       docker build -t godwit:dev .
#   fabric            a node of the fabrics: godwit with iproute2, ping  docker build --target fabric -t godwit-fabric:dev .
#   bird, gobgp       the two peers of the demonstration
# Built and run without an engine by test/system/image.test.ts; what tools/image does not know is refused there.

FROM node:24-bookworm AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build \
 && npm run build:native \
 && cc -O2 -Wall -o build/ipip-standin tools/ipip-standin/ipip-standin.c

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

FROM debian:bookworm-slim AS godwit
# Node with the capabilities that a user who is not root needs for routes, TCP-MD5 and port 179. The container must be
# given NET_ADMIN and NET_RAW, or the kernel refuses to start the file: "Operation not permitted".
RUN --mount=type=bind,from=build,source=/usr/local/bin,target=/mnt \
    apt-get update \
 && apt-get install -y --no-install-recommends libstdc++6 libcap2-bin \
 && install -D -m 0755 /mnt/node /opt/godwit/bin/node \
 && setcap cap_net_admin,cap_net_bind_service,cap_net_raw=ep /opt/godwit/bin/node \
 && apt-get purge -y libcap2-bin \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 1790 --user-group --home-dir /var/lib/godwit --shell /usr/sbin/nologin godwit \
 && install -d -o godwit -g godwit -m 0700 /var/lib/godwit \
 && install -d -o godwit -g godwit -m 0755 /run/godwit
WORKDIR /opt/godwit
COPY --from=build /src/package.json ./
COPY --from=build /src/dist ./dist
COPY --from=build /src/proto ./proto
COPY --from=build /src/build/godwit_native.node ./build/
COPY --from=build /src/bin ./bin
RUN ln -s /opt/godwit/bin/godwitd /opt/godwit/bin/godwit /usr/local/bin/
COPY config/compose/godwit.yaml /etc/godwit/godwit.yaml
ENV GODWIT_NATIVE=/opt/godwit/build/godwit_native.node
USER godwit
# Real use: mount /etc/godwit, and run on the host's network with NET_ADMIN and NET_RAW.
CMD ["godwitd", "--config", "/etc/godwit/godwit.yaml"]

FROM godwit AS fabric
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends iproute2 iputils-ping tcpdump \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/ipip-standin /usr/local/bin/ipip-standin
COPY --chmod=0755 config/compose/node.sh /usr/local/bin/fabric-node
CMD ["fabric-node"]

# What is built when no target is named.
FROM godwit
