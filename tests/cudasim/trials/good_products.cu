/* tests/cudasim/trials/good_products.cu - products of matrices against plain
 * loops */
#include "tests/cudasim/trials/trial.h"

#include <cublasLt.h>
#include <cublas_v2.h>
#include <math.h>

using namespace trial;

namespace
{

std::vector<float> noises(int count, int from)
{
    std::vector<float> x(static_cast<size_t>(count));

    for (int i = 0; i < count; i++)
        x[static_cast<size_t>(i)] =
            static_cast<float>(((i + from) * 7919 + 13) % 201 - 100) / 64;
    return x;
}

float at(const std::vector<float> &x, int row, int column, int ld, bool turned)
{
    return x[static_cast<size_t>(turned ? column + row * ld
                                        : row + column * ld)];
}

std::vector<float> plain(const std::vector<float> &a, bool ta,
                         const std::vector<float> &b, bool tb, int m, int n,
                         int k)
{
    std::vector<float> c(static_cast<size_t>(m * n));

    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum += static_cast<double>(at(a, i, p, ta ? k : m, ta)) *
                       static_cast<double>(at(b, p, j, tb ? n : k, tb));
            c[static_cast<size_t>(i + j * m)] = static_cast<float>(sum);
        }
    return c;
}

bool close(float a, float b)
{
    return fabsf(a - b) < 1e-4f * (1 + fabsf(b));
}

} /* namespace */

TRIAL(good_products)
{
    const int sizes[][3] = {
        { 1, 1, 1 }, { 7, 17, 5 }, { 33, 20, 300 }, { 100, 3, 64 }
    };
    const float one = 1, zero = 0;
    cublasHandle_t blas;

    MUST(cublasCreate(&blas));
    for (const auto &s : sizes)
        for (int turn = 0; turn < 4; turn++) {
            const bool ta = turn & 1, tb = turn & 2;
            const int m = s[0], n = s[1], k = s[2];
            const auto ha = noises(m * k, 1), hb = noises(k * n, 2);
            const auto want = plain(ha, ta, hb, tb, m, n, k);
            float *a = to_device(ha), *b = to_device(hb);
            float *c = on_device<float>(want.size());
            MUST(cublasSgemm(blas, ta ? CUBLAS_OP_T : CUBLAS_OP_N,
                             tb ? CUBLAS_OP_T : CUBLAS_OP_N, m, n, k, &one, a,
                             ta ? k : m, b, tb ? n : k, &zero, c, m));
            const auto got = to_host(c, want.size());
            for (size_t i = 0; i < got.size(); i++)
                EXPECT(close(got[i], want[i]));
            for (float *memory : { a, b, c })
                MUST(cudaFree(memory));
        }
    MUST(cublasDestroy(blas));
    return 0;
}

TRIAL(good_epilogue)
{
    const int m = 6, n = 9, k = 12;
    const auto ha = noises(m * k, 1), hb = noises(k * n, 2), hv = noises(m, 3);
    const auto want = plain(ha, false, hb, false, m, n, k);
    const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_RELU_BIAS;
    const float one = 1, zero = 0;
    float *a = to_device(ha), *b = to_device(hb), *bias = to_device(hv);
    float *d = on_device<float>(want.size());
    cublasLtMatmulHeuristicResult_t found[2];
    cublasLtMatmulPreference_t preference;
    cublasLtMatrixLayout_t al, bl, dl;
    cublasLtMatmulDesc_t how;
    cublasLtHandle_t lt;
    void *workspace;
    size_t room = 4096;
    int count;

    MUST(cublasLtCreate(&lt));
    MUST(cublasLtMatmulDescCreate(&how, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    MUST(cublasLtMatmulDescSetAttribute(how, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                        &epilogue, sizeof epilogue));
    MUST(cublasLtMatmulDescSetAttribute(how, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                        &bias, sizeof bias));
    MUST(cublasLtMatrixLayoutCreate(&al, CUDA_R_32F, m, k, m));
    MUST(cublasLtMatrixLayoutCreate(&bl, CUDA_R_32F, k, n, k));
    MUST(cublasLtMatrixLayoutCreate(&dl, CUDA_R_32F, m, n, m));
    MUST(cublasLtMatmulPreferenceCreate(&preference));
    MUST(cublasLtMatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &room,
        sizeof room));
    MUST(cublasLtMatmulAlgoGetHeuristic(lt, how, al, bl, dl, dl, preference, 2,
                                        found, &count));
    EXPECT(count == 2 && found[0].workspaceSize > 0);
    MUST(cudaMalloc(&workspace, room));
    MUST(cublasLtMatmul(lt, how, &one, a, al, b, bl, &zero, d, dl, d, dl,
                        &found[0].algo, workspace, room, nullptr));
    const auto got = to_host(d, want.size());
    for (size_t i = 0; i < got.size(); i++)
        EXPECT(close(got[i], fmaxf(want[i] + hv[i % m], 0)));
    for (float *memory : { a, b, bias, d })
        MUST(cudaFree(memory));
    MUST(cudaFree(workspace));
    MUST(cublasLtMatmulPreferenceDestroy(preference));
    MUST(cublasLtMatrixLayoutDestroy(al));
    MUST(cublasLtMatrixLayoutDestroy(bl));
    MUST(cublasLtMatrixLayoutDestroy(dl));
    MUST(cublasLtMatmulDescDestroy(how));
    MUST(cublasLtDestroy(lt));
    return 0;
}
