import { defineConfig } from 'vitest/config'

/** The GitHub sync, by the real service and a local GitHub, on SQLite: `npm run test:sync`. The same run on MongoDB with the rest. */
export default defineConfig({
  test: {
    include: ['test/github/**/*.sync.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: '100%',
    isolate: false,
    server: { deps: { external: [/\/dist\//] } },
  },
})
