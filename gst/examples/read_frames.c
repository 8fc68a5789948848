/* SPDX-License-Identifier: MIT */
/* Takes the frames of another process into an application: read-frames FILE [COUNT]

   One line for each frame, until the writer ends or COUNT frames have come. The samples are the
   memory of the file itself, without a copy, and read-only: while the application holds one, the
   writer cannot use its place. Hold few, and not for long; beyond max-leases mmapsrc copies.

   cc read_frames.c $(pkg-config --cflags --libs gstreamer-app-1.0 gstreamer-video-1.0) */
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>

/* The mean of the first plane's bytes: of brightness, for YUV and grey. */
static double mean_of(const GstVideoFrame* frame) {
  const guint8* row = GST_VIDEO_FRAME_PLANE_DATA(frame, 0);
  const int stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
  const int height = GST_VIDEO_FRAME_COMP_HEIGHT(frame, 0);
  const int row_bytes =
      GST_VIDEO_FRAME_COMP_WIDTH(frame, 0) * GST_VIDEO_FRAME_COMP_PSTRIDE(frame, 0);
  double sum = 0;
  for (int y = 0; y < height; ++y, row += stride) {
    for (int x = 0; x < row_bytes; ++x) sum += row[x];
  }
  return sum / ((double)height * row_bytes);
}

/* Caps come with every sample: size and format may change from one to the next. */
static gboolean use(GstSample* sample) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  GstVideoInfo info;
  GstVideoFrame frame;
  if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
      !gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ))
    return FALSE;
  printf(
      "%s %dx%d, at %.3f s, mean %.1f%s\n", gst_video_format_to_string(info.finfo->format),
      info.width, info.height, (double)GST_BUFFER_PTS(buffer) / GST_SECOND, mean_of(&frame),
      GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT) ? ", frames are missing before" : "");
  fflush(stdout);
  gst_video_frame_unmap(&frame);
  return TRUE;
}

/* Why there is no sample: 0 for an end, 1 for an error, which it tells. */
static int tell_end(GstElement* pipeline) {
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  gst_object_unref(bus);
  if (message == NULL) return 0;
  GError* error = NULL;
  gst_message_parse_error(message, &error, NULL);
  fprintf(stderr, "%s\n", error->message);
  g_error_free(error);
  gst_message_unref(message);
  return 1;
}

static GstElement* make_pipeline(const char* location) {
  GError* error = NULL;
  GstElement* pipeline = gst_parse_launch(
      "mmapsrc name=source ! appsink name=frames sync=false max-buffers=1", &error);
  if (error != NULL) {
    fprintf(stderr, "%s\n", error->message);
    g_error_free(error);
    gst_clear_object(&pipeline);
    return NULL;
  }
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
  g_object_set(source, "location", location, NULL); /* not in the text above: it may have blanks */
  gst_object_unref(source);
  return pipeline;
}

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "Usage: read-frames FILE [COUNT]\n");
    return 2;
  }
  long left = argc == 3 ? atol(argv[2]) : -1;
  GstElement* pipeline = make_pipeline(argv[1]);
  if (pipeline == NULL) return 1;
  GstElement* frames = gst_bin_get_by_name(GST_BIN(pipeline), "frames");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);

  int status = 0;
  while (left != 0) {
    GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(frames)); /* waits */
    if (sample == NULL) {
      status = tell_end(pipeline);
      break;
    }
    if (!use(sample)) fprintf(stderr, "A frame could not be mapped.\n");
    gst_sample_unref(sample); /* the writer may use its place again */
    if (left > 0) --left;
  }

  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(frames);
  gst_object_unref(pipeline);
  return status;
}
