import { defineConfig } from 'vitest/config'

/** What needs the built image and podman: deploy/image/check.sh. */
export default defineConfig({
  test: {
    include: ['test/image/**/*.image.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    server: { deps: { external: [/\/dist\//] } },
  },
})
