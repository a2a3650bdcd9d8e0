export const toSvg = () => {}
