// SPDX-License-Identifier: MIT
/**
 * SECTION:provider-mmapdeviceprovider
 * @title: mmapdeviceprovider
 * @see_also: mmapsrc, #GstDeviceMonitor
 *
 * mmapdeviceprovider lists the files that mmapsink (or any program that uses libmmapvideo)
 * publishes into now, as devices of class `Video/Source`, and follows what comes, goes and changes.
 * Each has the caps of its newest frame, and makes an mmapsrc that reads it.
 *
 * It looks into /dev/shm and the directories in it. #GstMmapDeviceProvider:directories, or
 * the environment variable `MMAPVIDEO_DIRECTORIES`, names other ones.
 *
 * A device's properties are `device.path`, `mmap.framerate`, `mmap.readers` and
 * `mmap.writer-process-id`. Looking makes the provider no reader of the file: mmapsink does not
 * notice.
 *
 * A file is listed when it has a first frame, and until its writer ends or dies, which is noticed
 * within some hundredths of a second. Another format and readers that come or go are noticed within
 * a second.
 *
 * ## Example
 * |[
 * gst-device-monitor-1.0 Video/Source
 * ]|
 * Lists what can be read now; with `-f` it goes on and tells what changes.
 *
 * Since: 0.1
 */
#include "gstmmapdeviceprovider.hpp"

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "directory_watch.hpp"
#include "gstmmapdevice.hpp"
#include "live_files.hpp"

GST_DEBUG_CATEGORY_STATIC(gst_mmap_device_provider_debug);
#define GST_CAT_DEFAULT gst_mmap_device_provider_debug

namespace {

using gstmmap::DirectoryWatch;
using gstmmap::LiveFile;
using gstmmap::LiveFiles;

constexpr char directories_variable[] = "MMAPVIDEO_DIRECTORIES";

enum Property { PROP_0, PROP_DIRECTORIES };

struct UnrefObject {
  void operator()(GstDevice* device) const { gst_object_unref(device); }
};
using Device = std::unique_ptr<GstDevice, UnrefObject>;

std::string initial_directories() {
  const gchar* given = g_getenv(directories_variable);
  return given != nullptr && *given != '\0' ? given : gstmmap::default_directory();
}

std::vector<std::string> split_directories(const std::string& text) {
  std::vector<std::string> directories;
  gchar** parts = g_strsplit(text.c_str(), G_SEARCHPATH_SEPARATOR_S, -1);
  for (gchar** part = parts; *part != nullptr; ++part) {
    std::string directory = *part;
    while (directory.size() > 1 && G_IS_DIR_SEPARATOR(directory.back())) directory.pop_back();
    if (!directory.empty()) directories.push_back(directory);
  }
  g_strfreev(parts);
  return directories;
}

/// Below the watched directory, and without what would move a terminal's cursor.
std::string name_of(const std::string& path, const std::vector<std::string>& directories) {
  std::string name = path;
  for (const std::string& directory : directories)
    if (path.size() > directory.size() + 1 && path.compare(0, directory.size(), directory) == 0 &&
        G_IS_DIR_SEPARATOR(path[directory.size()]))
      name = path.substr(directory.size() + 1);
  for (char& c : name)
    if (g_ascii_iscntrl(c)) c = '?';
  return name;
}

std::uint64_t now_ns() { return mmapvideo_clock_now_ns(); }

GstDevice* make_device(const LiveFile& file, const std::vector<std::string>& directories) {
  return gst_mmap_device_new(file, name_of(file.path, directories).c_str());
}

/// GStreamer's texts are UTF-8; a path that is not cannot be told.
bool can_be_told(const LiveFile& file) {
  return g_utf8_validate(file.path.c_str(), -1, nullptr) != FALSE;
}

/// Makes a device of each file that is live now, for who asks once.
class Listing final : public gstmmap::LiveFilesListener {
 public:
  explicit Listing(const std::vector<std::string>& directories) : directories_(directories) {}

  void appeared(const LiveFile& file) override {
    if (can_be_told(file))
      devices_ = g_list_prepend(devices_, gst_object_ref_sink(make_device(file, directories_)));
  }
  void changed(const LiveFile&) override {}
  void disappeared(const std::string&) override {}

  GList* take() { return g_list_reverse(std::exchange(devices_, nullptr)); }

 private:
  const std::vector<std::string>& directories_;
  GList* devices_ = nullptr;
};

/// Keeps the provider's list of devices up to date, from construction to destruction.
class Following final : private gstmmap::LiveFilesListener {
 public:
  Following(GstDeviceProvider* provider, std::vector<std::string> directories)
      : provider_(provider),
        directories_(std::move(directories)),
        watch_(gstmmap::watch_directories(directories_)),
        files_(*this) {
    files_.update(watch_->wait(0), now_ns());
    thread_ = std::thread([this] { follow(); });
  }
  ~Following() {
    watch_->cancel();
    thread_.join();
  }

 private:
  void follow() {
    for (;;) {
      try {
        const gstmmap::DirectoryChanges changes = watch_->wait(files_.due_in_ns(now_ns()));
        if (watch_->cancelled()) return;
        files_.update(changes, now_ns());
      } catch (const std::exception& error) {
        GST_ERROR_OBJECT(provider_, "the list is not kept up to date any more: %s", error.what());
        return;
      }
    }
  }

  void appeared(const LiveFile& file) override {
    if (!can_be_told(file)) return;
    GST_INFO_OBJECT(provider_, "%s: %s", file.path.c_str(), file.caps_text.c_str());
    Device device(GST_DEVICE(gst_object_ref_sink(make_device(file, directories_))));
    gst_device_provider_device_add(provider_, device.get());
    devices_[file.path] = std::move(device);
  }

  void changed(const LiveFile& file) override {
    const auto found = devices_.find(file.path);
    if (found == devices_.end()) return;
    Device device(GST_DEVICE(gst_object_ref_sink(make_device(file, directories_))));
    gst_device_provider_device_changed(provider_, device.get(), found->second.get());
    found->second = std::move(device);
  }

  void disappeared(const std::string& path) override {
    const auto found = devices_.find(path);
    if (found == devices_.end()) return;
    GST_INFO_OBJECT(provider_, "%s is gone", path.c_str());
    gst_device_provider_device_remove(provider_, found->second.get());
    devices_.erase(found);
  }

  GstDeviceProvider* const provider_;  // owns this
  const std::vector<std::string> directories_;
  const std::unique_ptr<DirectoryWatch> watch_;
  // Used by the constructor, then by the thread alone.
  LiveFiles files_;
  std::map<std::string, Device> devices_;  // by path
  std::thread thread_;
};

struct ProviderState {
  std::string directories = initial_directories();  // guarded by the object lock
  std::unique_ptr<Following> following;  // from start to stop, which the base class serialises
};

}  // namespace

struct _GstMmapDeviceProvider {
  GstDeviceProvider parent;
  ProviderState* state;
};

G_DEFINE_TYPE(GstMmapDeviceProvider, gst_mmap_device_provider, GST_TYPE_DEVICE_PROVIDER)
GST_DEVICE_PROVIDER_REGISTER_DEFINE(mmapdeviceprovider, "mmapdeviceprovider", GST_RANK_PRIMARY,
                                    GST_TYPE_MMAP_DEVICE_PROVIDER)

namespace {

std::vector<std::string> directories_of(GstMmapDeviceProvider* provider) {
  GST_OBJECT_LOCK(provider);
  const std::string text = provider->state->directories;
  GST_OBJECT_UNLOCK(provider);
  return split_directories(text);
}

GList* gst_mmap_device_provider_probe(GstDeviceProvider* base) {
  try {
    const auto directories = directories_of(GST_MMAP_DEVICE_PROVIDER(base));
    const auto watch = gstmmap::watch_directories(directories);
    Listing listing(directories);
    LiveFiles(listing).update(watch->wait(0), now_ns());
    return listing.take();
  } catch (const std::exception& error) {
    GST_ERROR_OBJECT(base, "no devices can be listed: %s", error.what());
    return nullptr;
  }
}

gboolean gst_mmap_device_provider_start(GstDeviceProvider* base) {
  GstMmapDeviceProvider* provider = GST_MMAP_DEVICE_PROVIDER(base);
  try {
    provider->state->following = std::make_unique<Following>(base, directories_of(provider));
    return TRUE;
  } catch (const std::exception& error) {
    GST_ERROR_OBJECT(base, "the directories cannot be watched: %s", error.what());
    return FALSE;
  }
}

void gst_mmap_device_provider_stop(GstDeviceProvider* base) {
  GST_MMAP_DEVICE_PROVIDER(base)->state->following.reset();
}

void gst_mmap_device_provider_set_property(GObject* object, guint id, const GValue* value,
                                           GParamSpec* spec) {
  GstMmapDeviceProvider* provider = GST_MMAP_DEVICE_PROVIDER(object);
  if (id != PROP_DIRECTORIES) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  const gchar* text = g_value_get_string(value);
  GST_OBJECT_LOCK(provider);
  provider->state->directories = text != nullptr ? text : initial_directories();
  GST_OBJECT_UNLOCK(provider);
}

void gst_mmap_device_provider_get_property(GObject* object, guint id, GValue* value,
                                           GParamSpec* spec) {
  GstMmapDeviceProvider* provider = GST_MMAP_DEVICE_PROVIDER(object);
  if (id != PROP_DIRECTORIES) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  GST_OBJECT_LOCK(provider);
  g_value_set_string(value, provider->state->directories.c_str());
  GST_OBJECT_UNLOCK(provider);
}

void gst_mmap_device_provider_finalize(GObject* object) {
  delete GST_MMAP_DEVICE_PROVIDER(object)->state;
  G_OBJECT_CLASS(gst_mmap_device_provider_parent_class)->finalize(object);
}

}  // namespace

static void gst_mmap_device_provider_class_init(GstMmapDeviceProviderClass* klass) {
  GST_DEBUG_CATEGORY_INIT(gst_mmap_device_provider_debug, "mmapdeviceprovider", 0,
                          "list of live memory-mapped video files");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_mmap_device_provider_set_property;
  object_class->get_property = gst_mmap_device_provider_get_property;
  object_class->finalize = gst_mmap_device_provider_finalize;
  /**
   * GstMmapDeviceProvider:directories:
   *
   * For example `/dev/shm/cameras:/run/cameras`. Directories that are not there yet are looked for
   * until they are.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_DIRECTORIES,
      g_param_spec_string(
          "directories", "Directories",
          "Where to look, with the directories in them, separated as in PATH; from the next start "
          "on. NULL: MMAPVIDEO_DIRECTORIES, or the system's place for shared memory",
          nullptr, static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)));
  GstDeviceProviderClass* provider_class = GST_DEVICE_PROVIDER_CLASS(klass);
  provider_class->probe = gst_mmap_device_provider_probe;
  provider_class->start = gst_mmap_device_provider_start;
  provider_class->stop = gst_mmap_device_provider_stop;
  gst_device_provider_class_set_static_metadata(
      provider_class, "Memory-mapped file video provider", "Source/Video",
      "Lists the memory-mapped files that raw video is published into now",
      "The mmapvideo authors");
}

static void gst_mmap_device_provider_init(GstMmapDeviceProvider* provider) {
  provider->state = new ProviderState;
}
