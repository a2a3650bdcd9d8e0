import { defineConfig } from 'vitest/config'

/** The tests run the built service (`#src/…` is dist at run time, src to the type checker), so Node loads it as it is shipped. */
export default defineConfig({
  test: {
    /** Of the GitHub sync the plain way alone; `npm run test:sync` has the rest. */
    include: ['test/**/*.test.ts', 'test/github/lifecycle.sync.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: '100%',
    /** The files of a worker share what they import: nothing in it is changed by them. */
    isolate: false,
    server: { deps: { external: [/\/dist\//] } },
  },
})
