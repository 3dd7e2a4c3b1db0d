package closeloop.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Second stage, after the repartition topic: sets what each source partition says about a minute, keeps the panes and
 * the running total of each window, and writes the totals that changed once a second.
 */
final class Rolling implements Processor<byte[], byte[], byte[], byte[]> {
  static final String PARTS = "parts";
  static final String PANES = "panes";
  static final String TOTALS = "window-totals";

  private record Window(String name, long lengthMinutes, long paneMinutes) {
    long oldest(long minute) {
      return Math.floorDiv(minute, paneMinutes) - lengthMinutes / paneMinutes + 1;
    }
  }

  private static final List<Window> WINDOWS =
      List.of(
          new Window("1h", 60, 1),
          new Window("24h", 1440, 15),
          new Window("7d", 10_080, 105),
          new Window("30d", 43_200, 450));

  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<String, byte[]> parts;
  private KeyValueStore<String, byte[]> panes;
  private KeyValueStore<String, byte[]> totals;
  private final Set<String> changed = new HashSet<>();
  private long expiredAt;

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    parts = context.getStateStore(PARTS);
    panes = context.getStateStore(PANES);
    totals = context.getStateStore(TOTALS);
    expiredAt = context.currentSystemTimeMs() / 60_000;
    context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::emit);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    String key = new String(record.key(), StandardCharsets.UTF_8);
    ByteBuffer said = ByteBuffer.wrap(record.value());
    int source = said.getInt();
    long minute = said.getLong();
    byte[] counts = new byte[Histogram.BYTES];
    said.get(counts);
    String part = key + "|" + minute + "|" + source;
    byte[] difference = Histogram.plus(counts, parts.get(part), -1);
    parts.put(part, counts);
    long now = context.currentSystemTimeMs() / 60_000;
    for (Window window : WINDOWS) {
      long pane = Math.floorDiv(minute, window.paneMinutes);
      if (pane < window.oldest(now)) continue;
      String paneKey = key + "|" + window.name + "|" + pane;
      panes.put(paneKey, Histogram.plus(panes.get(paneKey), difference, 1));
      String totalKey = key + "|" + window.name;
      totals.put(totalKey, Histogram.plus(totals.get(totalKey), difference, 1));
      changed.add(totalKey);
    }
  }

  private void emit(long nowMs) {
    long now = nowMs / 60_000;
    if (now > expiredAt) {
      expire(now);
      expiredAt = now;
    }
    for (String key : changed) {
      byte[] counts = totals.get(key);
      if (counts == null) continue;
      byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
      context.forward(new Record<>(bytes, Metric.json(key, Histogram.counts(counts)), nowMs));
    }
    changed.clear();
  }

  /** Once a minute: lets go of the panes that have left their window. */
  private void expire(long now) {
    try (KeyValueIterator<String, byte[]> all = panes.all()) {
      while (all.hasNext()) {
        KeyValue<String, byte[]> row = all.next();
        int end = row.key.lastIndexOf('|');
        String totalKey = row.key.substring(0, end);
        String name = totalKey.substring(totalKey.lastIndexOf('|') + 1);
        for (Window window : WINDOWS) {
          if (window.name.equals(name) && Long.parseLong(row.key.substring(end + 1)) < window.oldest(now)) {
            totals.put(totalKey, Histogram.plus(totals.get(totalKey), row.value, -1));
            panes.delete(row.key);
            changed.add(totalKey);
          }
        }
      }
    }
    long oldest = now - 43_200 - 450;
    try (KeyValueIterator<String, byte[]> all = parts.all()) {
      while (all.hasNext()) {
        String key = all.next().key;
        String minuteAndBefore = key.substring(0, key.lastIndexOf('|'));
        if (Long.parseLong(minuteAndBefore.substring(minuteAndBefore.lastIndexOf('|') + 1)) < oldest) parts.delete(key);
      }
    }
  }
}
