import { beforeAll, describe, expect, test } from 'vitest'
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
    expect(project.devPackages).toContain('node_modules/typescript')
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
