package closeloop.bench;

import java.nio.ByteBuffer;

/** Counts of the scores 0..10 as eleven ints in a byte array: what is kept in RocksDB, without any parsing. */
final class Histogram {
  static final int SCORES = 11;
  static final int BYTES = SCORES * Integer.BYTES;

  private Histogram() {}

  static byte[] plusOne(byte[] held, int score) {
    byte[] next = held == null ? new byte[BYTES] : held.clone();
    ByteBuffer counts = ByteBuffer.wrap(next);
    counts.putInt(score * Integer.BYTES, counts.getInt(score * Integer.BYTES) + 1);
    return next;
  }

  /** Returns held + sign * added; a missing histogram is all zeros. */
  static byte[] plus(byte[] held, byte[] added, int sign) {
    byte[] next = held == null ? new byte[BYTES] : held.clone();
    if (added == null) return next;
    ByteBuffer counts = ByteBuffer.wrap(next);
    ByteBuffer more = ByteBuffer.wrap(added);
    for (int at = 0; at < BYTES; at += Integer.BYTES) {
      counts.putInt(at, counts.getInt(at) + sign * more.getInt(at));
    }
    return next;
  }

  static int[] counts(byte[] held) {
    int[] counts = new int[SCORES];
    ByteBuffer.wrap(held).asIntBuffer().get(counts);
    return counts;
  }
}
