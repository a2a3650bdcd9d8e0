import { defineConfig } from 'vitest/config'

/** The tests run the built service (`#src/…` is dist at run time, src to the type checker), so Node loads it as it is shipped. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: '100%',
    server: { deps: { external: [/\/dist\//] } },
  },
})
