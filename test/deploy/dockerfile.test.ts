import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const dockerfile = text('Dockerfile')
const argument = (name: string): string | undefined =>
  new RegExp(`^ARG ${name}=(.*)$`, 'm').exec(dockerfile)?.[1]

test('the base is pinned by version and digest', () => {
  expect(argument('NODE_IMAGE')).toMatch(/^node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/)
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) =>
    base?.replace(/\W/g, ''),
  )
  expect(bases).toEqual(['NODE_IMAGE', 'sources', 'sources', 'NODE_IMAGE'])
})

test('a build without arguments has the labels of this version', () => {
  const { version, license } = JSON.parse(text('package.json')) as {
    version: string
    license: string
  }
  expect(argument('VERSION')).toBe(version)
  expect(dockerfile).toContain(`org.opencontainers.image.licenses="${license}"`)
})

test('the image leaves out the optional dependencies: only SQLite for older versions of Node.js', () => {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    packages: Record<string, { dev?: true; optional?: true }>
  }
  const optional = Object.entries(packages).filter(([, { dev, optional }]) => optional && !dev)
  expect(dockerfile).toContain('npm ci --ignore-scripts --omit=dev --omit=optional ')
  expect(optional.map(([folder]) => folder.replace('node_modules/', ''))).toEqual([
    '@photostructure/sqlite',
    'node-addon-api',
    'node-gyp-build',
  ])
})

test('the builder is given no file but what the Dockerfile copies', () => {
  const [first, ...kept] = text('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(first).toBe('*')
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, sources = '']) => sources.split(' '),
  )
  expect(kept.map((line) => line.slice(1)).sort()).toEqual([...new Set(copied)].sort())
})
