import { beforeAll, describe, expect, test } from 'vitest'
import { buildBadImage } from './bad-image.ts'
import type { ImageFacts } from './facts.ts'
import { IMAGE, TWIN } from './podman.ts'
import { readImage, readProject } from './read-image.ts'
import { differences, RULES } from './rules.ts'

const project = readProject(process.env.IMAGE_REVISION ?? '')
let image: ImageFacts

beforeAll(async () => {
  image = await readImage(IMAGE)
  console.log(`${IMAGE}: ${(image.size / 1e6).toFixed(0)} MB, ${image.files.length} files`)
})

describe('the image', () => {
  test('was read whole', () => {
    expect(image.files.length).toBeGreaterThan(2000)
    expect(image.layerPaths).toContain('app/dist/cli.js')
    expect(project.packages).toContain('node_modules/fastify')
    expect(project.omittedPackages).toContain('node_modules/typescript')
    expect(project.omittedPackages).toContain('node_modules/@photostructure/sqlite')
  })

  test.each(Object.entries(RULES))('keeps the rule «%s»', (_, rule) => {
    expect(rule(image, project)).toEqual([])
  })

  test('is the same from a second build', async () => {
    const twin = await readImage(TWIN)
    expect(differences(image.files, twin.files)).toEqual([])
    expect({ ...twin.config, Hostname: '' }).toEqual({ ...image.config, Hostname: '' })
  })
})

test('an image with a fault for each rule breaks them all', async () => {
  const bad = await readImage(await buildBadImage())
  const kept = Object.entries(RULES).filter(([, rule]) => rule(bad, project).length === 0)
  expect(kept.map(([name]) => name)).toEqual([])
  expect(RULES.noSecret(bad, project)).toEqual(['may hold a secret: app/.env'])
  expect(differences(image.files, bad.files)).toContain('/app/dist/main.js')
})
