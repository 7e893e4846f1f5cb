/* tests/cudasim/dnn.h - descriptors of cuDNN, and tensors as plain floats */
#ifndef OST_TESTS_CUDASIM_DNN_H
#define OST_TESTS_CUDASIM_DNN_H

#include "tests/cudasim/gemm.h"
#include "tests/cudasim/sim.h"

#include <cudnn.h>

constexpr int DNN_MOST = 8; /* dimensions */

struct cudnnContext {
    cudaStream_t stream;
};

struct cudnnTensorStruct {
    bool set;
    cudnnDataType_t type;
    int n, dim[DNN_MOST], stride[DNN_MOST];
};

struct cudnnFilterStruct {
    bool set;
    cudnnDataType_t type;
    int n, dim[DNN_MOST];
};

struct cudnnConvolutionStruct {
    bool set;
    int n, pad[DNN_MOST], stride[DNN_MOST], dilation[DNN_MOST], groups;
    cudnnConvolutionMode_t mode;
    cudnnDataType_t compute;
    cudnnMathType_t math;
};

struct cudnnPoolingStruct {
    bool set;
    cudnnPoolingMode_t mode;
    cudnnNanPropagation_t nan;
    int n, window[DNN_MOST], pad[DNN_MOST], stride[DNN_MOST];
};

struct cudnnActivationStruct {
    bool set;
    cudnnActivationMode_t mode;
    cudnnNanPropagation_t nan;
    double coefficient;
};

struct cudnnOpTensorStruct {
    bool set;
    cudnnOpTensorOp_t op;
};

struct cudnnReduceTensorStruct {
    bool set;
    cudnnReduceTensorOp_t op;
};

namespace cudasim
{

typedef std::vector<float, Kept<float>> Values;

/* A tensor of a call: its shape is copied when the host calls. */
struct Tensor {
    cudnnTensorStruct d;
    void *data;
    std::string what; /* "x of cudnnConvolutionForward" */

    int64_t count() const;
    /* Elements in row-major order. */
    Values read(Number rounding = Number::F32) const;
    /* data = alpha values + beta data */
    void write(const Values &values, float alpha = 1, float beta = 0) const;
    void check() const;
};

/* One call into cuDNN, until its end. */
class DnnCall : public Call
{
  public:
    DnnCall(const char *name, cudnnHandle_t handle);
    explicit DnnCall(const char *name);
    /* CUDNN_STATUS_SUCCESS, or what the call gives without doing anything. */
    cudnnStatus_t refused();
    cudnnStatus_t give(cudnnStatus_t status);
    Tensor tensor(const char *name, cudnnTensorDescriptor_t descriptor,
                  const void *data);
    Tensor filter(const char *name, cudnnFilterDescriptor_t descriptor,
                  const void *data);
    float scalar(const void *value, cudnnDataType_t type);
    cudnnStatus_t run(double cost, std::function<void()> work);
    /* Ends the process. */
    [[noreturn]] void wrong(const char *format, ...)
        __attribute__((format(printf, 2, 3)));

  private:
    cudnnHandle_t handle_ = nullptr;
};

template <class T>
cudnnStatus_t make_descriptor(T **descriptor, const char *kind)
{
    const Call call("a descriptor's making");

    *descriptor = new T();
    handle_add(*descriptor, kind);
    return CUDNN_STATUS_SUCCESS;
}

template <class T>
cudnnStatus_t drop_descriptor(T *descriptor, const char *kind)
{
    const Call call("a descriptor's destruction");

    handle_remove(descriptor, kind);
    delete descriptor;
    return CUDNN_STATUS_SUCCESS;
}

/* The descriptor's content; it has to exist and to be set. */
template <class T>
const T &described(DnnCall *call, const T *descriptor, const char *kind)
{
    handle_check(descriptor, kind, call->name());
    if (!descriptor->set)
        call->wrong("the %s was never set", kind);
    return *descriptor;
}

constexpr const char *TENSOR = "tensor descriptor";
constexpr const char *FILTER = "filter descriptor";
constexpr const char *CONVOLUTION = "convolution descriptor";
constexpr const char *POOLING = "pooling descriptor";
constexpr const char *ACTIVATION = "activation descriptor";

Number dnn_number(cudnnDataType_t type, const char *call);
std::string shape_text(const cudnnTensorStruct &d);
bool same_shape(const cudnnTensorStruct &a, const cudnnTensorStruct &b);
float activate(const cudnnActivationStruct &a, float x);

} /* namespace cudasim */

#endif
