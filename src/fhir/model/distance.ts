// Distances on a sphere, which the earth nearly is. Pure.

export const EARTH_KILOMETRES = 6371.0088;

interface Place {
  longitude: number;
  latitude: number;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

export function kilometresBetween(one: Place, other: Place): number {
  const [a, b] = [radians(one.latitude), radians(other.latitude)];
  const half =
    Math.sin((b - a) / 2) ** 2 +
    Math.cos(a) * Math.cos(b) * Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
  return 2 * EARTH_KILOMETRES * Math.asin(Math.min(1, Math.sqrt(half)));
}
