package closeloop.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** One metric record: the value that follows from a histogram, and the histogram. */
final class Metric {
  private static final JsonFactory JSON = new JsonFactory();

  private Metric() {}

  /** The key is metric|cut|values..|window. */
  static byte[] json(String key, int[] counts) {
    String[] words = key.split("\\|");
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("metric", words[0]);
      json.writeStringField("cut", words[1]);
      json.writeStringField("window", words[words.length - 1]);
      json.writeArrayFieldStart("key");
      for (int at = 2; at < words.length - 1; at++) json.writeString(words[at]);
      json.writeEndArray();
      int n = 0;
      json.writeObjectFieldStart("counts");
      for (int score = 0; score < counts.length; score++) {
        n += counts[score];
        if (counts[score] != 0) json.writeNumberField(Integer.toString(score), counts[score]);
      }
      json.writeEndObject();
      json.writeNumberField("n", n);
      if (n > 0) json.writeNumberField("value", value(words[0], counts, n));
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static double value(String metric, int[] counts, int n) {
    switch (metric) {
      case "nps" -> {
        int balance = counts[9] + counts[10];
        for (int score = 0; score <= 6; score++) balance -= counts[score];
        return 100.0 * balance / n;
      }
      case "csat" -> {
        return 100.0 * (counts[4] + counts[5]) / n;
      }
      default -> {
        long sum = 0;
        for (int score = 0; score < counts.length; score++) sum += (long) score * counts[score];
        return (double) sum / n;
      }
    }
  }
}
