import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { IMAGE, podman } from './podman.ts'

/** A fault for every rule, in a real image: so what is read of an image is tried too, not only how it is judged. */
const DOCKERFILE = `FROM ${IMAGE}
USER root
COPY file /app/.env
COPY file /usr/local/bin/npm
COPY file /usr/bin/gcc
COPY file /app/node_modules/typescript/package.json
COPY file /app/dist/.tsbuildinfo
COPY --chown=1000:1000 file /app/dist/main.js
COPY ballast /usr/share/ballast
RUN rm /app/.env /app/LICENSE
ENV GITHUB_TOKEN=x
EXPOSE 9229
STOPSIGNAL SIGKILL
HEALTHCHECK NONE
LABEL org.opencontainers.image.version=0.0.0
ENTRYPOINT node dist/cli.js
`

const NAME = 'localhost/task-manager-api:bad'

/** Builds the image with all the faults, which goes with its test, and returns its name. */
export const buildBadImage = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'task-bad-image-'))
  onTestFinished(async () => {
    rmSync(folder, { recursive: true })
    await podman('rmi', '--ignore', '--force', NAME)
  })
  writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE)
  writeFileSync(join(folder, 'file'), 'x')
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(100_000_000))
  const options = ['--isolation', 'chroot', '--format', 'docker', '--layers', '--pull=never', '--tag', NAME]
  await promisify(execFile)('buildah', ['build', ...options, folder])
  return NAME
}
