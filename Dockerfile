# Ferry on the official Swift image: `docker build -t ferry .`, then
# `docker run --rm -v "$PWD:/work" -w /work ferry run pipelines/demo.yaml`.
FROM swift:6.2-noble AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY scripts/install-packages scripts/
RUN scripts/install-packages
COPY . .
RUN make install PREFIX=/opt/ferry

FROM ubuntu:24.04
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
  libarchive13t64 libjpeg-turbo8 libpng16-16t64 libtiff6 libwebp7 libopenblas0-pthread \
  libyaml-0-2 libsqlite3-0 libssl3t64 libcurl4t64 ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/ferry /opt/ferry
ENV PATH=/opt/ferry/bin:$PATH
ENTRYPOINT ["ferry"]
CMD ["--help"]
