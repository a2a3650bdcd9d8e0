import { defineConfig } from 'vitest/config'

/** The suites of the repository and of HTTP on a MongoDB server, at TEST_MONGODB_URL: `npm run test:mongodb`. */
export default defineConfig({
  test: {
    include: ['test/**/*.mongodb.ts', 'test/http/**/*.test.ts'],
    env: { TEST_DATABASE: 'mongodb' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: '100%',
    server: { deps: { external: [/\/dist\//] } },
  },
})
